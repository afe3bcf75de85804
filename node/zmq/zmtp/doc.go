// Package zmtp is a ZeroMQ PUB socket: it listens, shakes hands by ZMTP 3
// (https://rfc.zeromq.org/spec/23, NULL mechanism), remembers what each
// subscriber asked for, and sends it what is published.
//
// A subscriber that reads slowly loses messages and costs the others nothing.
// What the messages mean, the package refuses to know.
package zmtp
