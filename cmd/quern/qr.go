package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"rsc.io/qr"
)

// quiet is the light border of a QR code, in modules. The standard asks for 4,
// readers are content with 2, and terminals are small.
const quiet = 2

// qrMost is what the largest QR code holds, in bytes.
const qrMost = 2953

var errNoQR = errors.New("no QR code")

// drawQR draws text as a QR code of half-block characters, two modules high.
// With color, dark and light are set whatever the terminal's own colors are;
// without, dark is ink: right for dark text on a light ground. width, if not 0, is the most columns.
func drawQR(w io.Writer, text string, color bool, width int) error {
	if len(text) > qrMost {
		return fmt.Errorf("%w: the invite has %d characters, a QR code holds at most %d", errNoQR, len(text), qrMost)
	}
	code, err := qr.Encode(text, qr.L) // a screen has no scratches
	if err != nil {
		return fmt.Errorf("%w: %w", errNoQR, err)
	}
	if side := code.Size + 2*quiet; width > 0 && side > width {
		return fmt.Errorf("%w: it needs %d columns, the terminal has %d", errNoQR, side, width)
	}
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		if color {
			b.WriteString("\x1b[30;107m") // black on bright white
		}
		for x := -quiet; x < code.Size+quiet; x++ {
			b.WriteString(halves(code.Black(x, y), code.Black(x, y+1)))
		}
		if color {
			b.WriteString("\x1b[0m")
		}
		b.WriteString("\n")
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// halves is the character of one module above another.
func halves(upper, lower bool) string {
	switch {
	case upper && lower:
		return "█"
	case upper:
		return "▀"
	case lower:
		return "▄"
	}
	return " "
}
