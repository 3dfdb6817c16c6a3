//go:build tools

// Package tools pins the suite; nothing is built of this file.
package tools

import _ "github.com/summerwind/h2spec/cmd/h2spec"
