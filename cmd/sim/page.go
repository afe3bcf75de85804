package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"svg": func(p plot) template.HTML { return template.HTML(p.svg()) },
	"mb":  func(n int64) string { return thousands(n >> 20) },
	"n":   short,
	"text": func(f figure) string {
		return f.text()
	},
	"verdict": func(f figure) string {
		switch {
		case f.Met == nil:
			return ""
		case *f.Met:
			return "met"
		}
		return "missed"
	},
}).Parse(pageText))

// page is the report as one self-contained page.
func (r *report) page() ([]byte, error) {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, r); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	return b.Bytes(), nil
}
