package table

import (
	"encoding/json"
	"testing"
)

func TestConversions(t *testing.T) {
	methods := New([]Method{
		{Name: "b", Args: []Arg{{Name: "id|key", Kind: HexText}, {Name: "o", Kind: Options, Fields: []Arg{{Name: "x", Kind: Text}, {Name: "y|z", Kind: Integer}}}}},
		{Name: "a", Args: []Arg{{Name: "sum", Kind: Amount}}},
	})
	got, err := json.Marshal(methods.Conversions())
	want := `[["a",0,"sum",false],["b",0,"id",true],["b",0,"key",true],["b",1,"o",false],["b",1,"x",true],["b",1,"y",false],["b",1,"z",false]]`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}
