package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quernnet/quern/node"
)

// settings loads the configuration: flag beats environment beats what is saved
// of the swarm beats file beats default.
type settings struct {
	flags *pflag.FlagSet
	file  string
}

// addSettings gives every key a flag of its own name.
func addSettings(fs *pflag.FlagSet) *settings {
	s := &settings{flags: fs}
	fs.StringVar(&s.file, "config", "", "TOML file (default: quern.toml in the data folder, if there is one)")
	defaults := node.Defaults()
	for _, k := range keys {
		def := tomlText(k.field(&defaults).Interface())
		f := fs.VarPF(&flagText{text: strings.Trim(def, `"`), list: k.kind == reflect.TypeFor[[]string]()}, k.name, "", k.help)
		if k.kind.Kind().String() == "bool" {
			f.NoOptDefVal = "true"
		}
	}
	return s
}

// flagText holds a flag's text until load gives it to its key, so that flags,
// environment and file share one parser. A list that is given several times has
// the items of all.
type flagText struct {
	text        string
	list, given bool
}

func (f *flagText) String() string { return f.text }

func (f *flagText) Set(s string) error {
	if !f.list || !f.given {
		f.text, f.given = s, true
		return nil
	}
	before, err := splitList(f.text)
	if err != nil {
		return err
	}
	more, err := splitList(s)
	if err != nil {
		return err
	}
	f.text = tomlText(append(before, more...))
	return nil
}

func (f *flagText) Type() string { return "value" }

// load reads and validates everything. The second result lists the files that
// were read.
func (s *settings) load() (node.Config, []string, error) {
	c, err := s.place()
	if err != nil {
		return c, nil, err
	}
	saved, err := readSwarm(c)
	if err != nil {
		return c, nil, err
	}
	return s.assemble(c, saved)
}

// place finds the folder of the swarm: what it holds is not looked at, so all
// but data folder and swarm may come out otherwise.
func (s *settings) place() (node.Config, error) {
	c := node.Defaults()
	if _, err := s.read(&c); err != nil {
		return c, err
	}
	if err := s.override(&c); err != nil {
		return c, err
	}
	if c.DataDir == "" {
		var err error
		if c.DataDir, err = defaultDataDir(); err != nil {
			return c, err
		}
	}
	return c, nil
}

// assemble puts together all there is to know of the swarm at a place: defaults,
// the file, what is saved of the swarm, environment, flags.
func (s *settings) assemble(at node.Config, saved savedSwarm) (node.Config, []string, error) {
	c, files := node.Defaults(), []string(nil)
	path, err := s.read(&c)
	if err != nil {
		return c, nil, err
	}
	if path != "" {
		files = append(files, path)
	}
	if saved.text != nil {
		c.Swarm = at.SwarmName()
		if err := saved.apply(&c); err != nil {
			return c, nil, err
		}
		files = append(files, saved.path)
	}
	before := c
	if err := s.override(&c); err != nil {
		return c, nil, err
	}
	c.DataDir = at.DataDir
	if saved.text != nil {
		if err := s.sameRules(before, c, saved.path); err != nil {
			return c, nil, err
		}
	}
	if err := c.Validate(); err != nil {
		return c, nil, fmt.Errorf("configuration: %w", err)
	}
	return c, files, nil
}

// override applies environment and flags.
func (s *settings) override(c *node.Config) error {
	for _, k := range keys {
		if v, ok := os.LookupEnv(k.env()); ok {
			if err := k.set(c, v); err != nil {
				return fmt.Errorf("environment %s: %w", k.env(), err)
			}
		}
		if f := s.flags.Lookup(k.name); f.Changed {
			if err := k.set(c, f.Value.String()); err != nil {
				return fmt.Errorf("flag --%s: %w", k.name, err)
			}
		}
	}
	return nil
}

// offline is load for commands that work on the data folder without a node.
func (s *settings) offline(cmd *cobra.Command) (node.Config, *node.Loggers, error) {
	c, _, err := s.load()
	if err != nil {
		return c, nil, err
	}
	logs, err := node.NewLoggers(c.Log, cmd.ErrOrStderr())
	return c, logs, err
}

// read applies the TOML file. Only a file that was asked for must exist.
func (s *settings) read(c *node.Config) (string, error) {
	path, asked := s.file, true
	if path == "" {
		path, asked = os.LookupEnv("QUERN_CONFIG")
	}
	if !asked {
		dir, err := s.dataDir()
		if err != nil {
			return "", err
		}
		path = filepath.Join(dir, configName)
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !asked {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("config file: %w (write one with `quern init`)", err)
	}
	return path, applyTOML(c, path, b)
}

const configName = "quern.toml"

// dataDir is where the file is looked for: as the flag or environment says,
// since the file itself cannot.
func (s *settings) dataDir() (string, error) {
	if f := s.flags.Lookup("datadir"); f.Changed && f.Value.String() != "" {
		return f.Value.String(), nil
	}
	if v := os.Getenv("QUERN_DATADIR"); v != "" {
		return v, nil
	}
	return defaultDataDir()
}

func defaultDataDir() (string, error) {
	if v := os.Getenv("XDG_DATA_HOME"); v != "" {
		return filepath.Join(v, "quern"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no home folder (%w): say where to keep data with --datadir", err)
	}
	return filepath.Join(home, ".quern"), nil
}

// parseTOML reads a file's tables. The error says where in it the fault is.
func parseTOML(path string, b []byte) (tree map[string]any, err error) {
	if err := toml.Unmarshal(b, &tree); err != nil {
		var at *toml.DecodeError
		if errors.As(err, &at) {
			row, col := at.Position()
			return nil, fmt.Errorf("%s:%d:%d: %w", path, row, col, err)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return tree, nil
}

func knownKeys() map[string]key {
	known := make(map[string]key, len(keys))
	for _, k := range keys {
		known[k.name] = k
	}
	return known
}

// applyTOML sets the keys of a file and refuses those that it does not know.
func applyTOML(c *node.Config, path string, b []byte) error {
	tree, err := parseTOML(path, b)
	if err != nil {
		return err
	}
	known := knownKeys()
	var errs []error
	eachLeaf(tree, "", known, func(name string, v any) {
		k, ok := known[name]
		if in := slices.IndexFunc(keys, func(k key) bool { return strings.HasPrefix(k.name, name+".") }); !ok && in >= 0 {
			errs = append(errs, fmt.Errorf("%s: %s is a table, not a value: write [%s] and below it %s = …",
				path, name, name, strings.TrimPrefix(keys[in].name, name+".")))
		} else if !ok {
			errs = append(errs, fmt.Errorf("%s: unknown key %s, did you mean %s?", path, name, nearest(name)))
		} else if err := k.set(c, v); err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", path, name, err))
		}
	})
	return errors.Join(errs...)
}

// eachLeaf walks tables down to the known keys and to what is no table.
func eachLeaf(tree map[string]any, prefix string, known map[string]key, f func(string, any)) {
	for name, v := range tree {
		name = prefix + name
		sub, table := v.(map[string]any)
		if _, ok := known[name]; table && !ok {
			eachLeaf(sub, name+".", known, f)
			continue
		}
		f(name, v)
	}
}
