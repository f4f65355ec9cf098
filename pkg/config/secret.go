package config

import (
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// Secret is a value that must never be printed. Every formatting verb and every encoder (JSON, YAML, XML, text, slog) gives "***"
// for it. A Secret in an unexported field of a struct is out of fmt's reach, so print no such struct.
type Secret string

const masked = "***"

var (
	_ fmt.Formatter          = Secret("")
	_ fmt.Stringer           = Secret("")
	_ fmt.GoStringer         = Secret("")
	_ json.Marshaler         = Secret("")
	_ encoding.TextMarshaler = Secret("")
	_ slog.LogValuer         = Secret("")
)

// Reveal is the value itself, for the place that sends it.
func (s Secret) Reveal() string { return string(s) }

// String is "***".
func (s Secret) String() string { return masked }

// GoString is "***".
func (s Secret) GoString() string { return masked }

// Format writes "***" whatever the verb and its flags are.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, masked) }

// MarshalJSON is the JSON string "***".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + masked + `"`), nil }

// MarshalText is "***".
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// LogValue is "***".
func (s Secret) LogValue() slog.Value { return slog.StringValue(masked) }
