package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// build makes a binary that knows failpoints, with some source files replaced.
func build(ctx context.Context, dir, name string, replaced map[string]string) (string, error) {
	bin := filepath.Join(dir, name)
	args := []string{"build", "-tags", "failpoints", "-o", bin}
	if replaced != nil {
		b, err := json.Marshal(map[string]any{"Replace": replaced})
		if err != nil {
			return "", err
		}
		overlay := filepath.Join(dir, name+".overlay.json")
		if err := os.WriteFile(overlay, b, 0o600); err != nil {
			return "", err
		}
		args = append(args, "-overlay", overlay)
	}
	out, err := exec.CommandContext(ctx, "go", append(args, module+"cmd/quern")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", name, err, out)
	}
	return bin, nil
}

const module = "github.com/quernnet/quern/"

// source is where the module's files are.
func source(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", strings.TrimSuffix(module, "/")).Output()
	if err != nil {
		return "", fmt.Errorf("where the source is: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
