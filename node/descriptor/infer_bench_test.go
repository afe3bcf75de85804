package descriptor

import "testing"

// What is known of an output alone, as blocks are shown with it.
func BenchmarkInfer(b *testing.B) {
	p := params(b, "main")
	for name, text := range map[string]string{
		"P2WPKH": "00149a1c78a507689f6f54b847ad1cef1e614ee23f1e",
		"P2PKH":  "76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac",
		"P2TR":   "512077aab6e066f8a7419c5ab714c12c67d25007ed55a43cadcacb4d7a970a093f11",
		"P2PK":   "2103a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bdac",
	} {
		s := unhex(b, text)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Infer(s, p)
			}
		})
	}
}
