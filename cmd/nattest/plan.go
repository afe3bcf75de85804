package main

import "fmt"

func (o soakOptions) validate() error {
	if o.nodes < 4 || o.nodes > 100 {
		return fmt.Errorf("-nodes %d: use 4 to 100", o.nodes)
	}
	return nil
}
