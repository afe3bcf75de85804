package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

const satsPerCoin = 100_000_000

// amount writes satoshis as coins with eight decimals.
func amount(sats int64) string {
	sign := ""
	if sats < 0 {
		sign, sats = "-", -sats
	}
	return fmt.Sprintf("%s%d.%08d", sign, sats/satsPerCoin, sats%satsPerCoin)
}

// parseAmount reads coins ("0.5") or satoshis ("1200sat") and returns satoshis.
func parseAmount(s string) (int64, error) {
	bad := fmt.Errorf("%q is not an amount: write coins like 0.5 or satoshis like 1200sat", s)
	if digits, ok := strings.CutSuffix(s, "sat"); ok {
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n <= 0 {
			return 0, bad
		}
		return n, nil
	}
	whole, fraction, _ := strings.Cut(s, ".")
	if len(fraction) > 8 || whole+fraction == "" {
		return 0, bad
	}
	n, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", 8-len(fraction)), 10, 63)
	if err != nil || n == 0 {
		return 0, bad
	}
	return int64(n), nil
}

// parseFeerate turns satoshis per virtual byte into satoshis per 1000.
func parseFeerate(perByte float64) (int64, error) {
	perKvB := math.Round(perByte * 1000)
	if !(perKvB >= 1 && perKvB < 1<<53) {
		return 0, fmt.Errorf("--feerate %v is no feerate: write satoshis per virtual byte, at least 0.001", perByte)
	}
	return int64(perKvB), nil
}
