package consensus

import "fmt"

// Amount writes satoshis in coins as Core's FormatMoney does: at least two decimals.
func Amount(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	s := fmt.Sprintf("%s%d.%08d", sign, n/Coins, n%Coins)
	for s[len(s)-1] == '0' && s[len(s)-3] != '.' {
		s = s[:len(s)-1]
	}
	return s
}
