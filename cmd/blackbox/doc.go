// Package blackbox runs the quern binary, and programs that people have, for
// tests that know Quern only from outside: by its command line and its ports.
//
// It is a module without dependencies, so that test modules whose own
// dependencies contradict each other can share it.
package blackbox
