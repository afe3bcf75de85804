package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func initCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Write a commented configuration file",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, _, err := s.load()
			if err != nil {
				return err
			}
			path := s.file
			if path == "" {
				path = filepath.Join(c.DataDir, configName)
			}
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				return fmt.Errorf("folder of the config file: %w", err)
			}
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s is there already; remove it first to have it written anew", path)
			}
			if err != nil {
				return fmt.Errorf("config file: %w", err)
			}
			_, err = f.WriteString(writeTOML(c))
			if err := errors.Join(err, f.Close()); err != nil {
				return fmt.Errorf("config file: %w", err)
			}
			start := "quern run"
			if home, err := defaultDataDir(); err != nil || path != filepath.Join(home, configName) {
				start += " --config " + path
			}
			fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\nstart the node with: %s\n", path, start)
			return nil
		},
	}
}
