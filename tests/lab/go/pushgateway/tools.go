// Copyright: (c) 2026, assay.clusters contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

//go:build tools

// Package tools names the program that is built, so that its module stays in go.mod.
package tools

import _ "github.com/prometheus/pushgateway"
