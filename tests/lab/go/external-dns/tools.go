//go:build tools

// Package tools keeps the program that is built from here among what this module needs.
package tools

import _ "sigs.k8s.io/external-dns/controller"
