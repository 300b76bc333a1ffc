//go:build tools

// Package tools keeps the programs that are built from here among what this module needs.
package tools

import (
	_ "go.universe.tf/metallb/controller"
	_ "go.universe.tf/metallb/speaker"
)
