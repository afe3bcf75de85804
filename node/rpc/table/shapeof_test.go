package table

import (
	"encoding/json"
	"testing"
)

func TestShapeOf(t *testing.T) {
	type inner struct {
		N float64 `json:"n"`
	}
	type outer struct {
		Name  string         `json:"name"`
		On    *bool          `json:"on,omitempty"`
		List  []inner        `json:"list"`
		By    map[string]int `json:"by"`
		Inner inner          `json:"inner"`
	}
	s := ShapeOf[outer]("a thing")
	for _, v := range []outer{{List: []inner{}, By: map[string]int{}}, {On: new(bool), List: []inner{{1}}, By: map[string]int{"a": 1}}} {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Match(raw); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
	if err := s.Match(json.RawMessage(`{"name":1,"list":[],"by":{},"inner":{"n":1}}`)); err == nil {
		t.Error("a number for a name matches")
	}
}
