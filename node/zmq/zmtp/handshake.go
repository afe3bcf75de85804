package zmtp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	greetingSize = 64
	signatureEnd = 10 // of the greeting: 0xff, eight bytes of padding, 0x7f
	mechanismAt  = 12
	mechanismEnd = 32
	mechanism    = "NULL"
	version      = 3
)

// greeting is ours, of version 3.0: subscriptions then come as messages, which every
// later version also understands.
func greeting() []byte {
	b := make([]byte, greetingSize)
	b[0], b[signatureEnd-1] = 0xff, 0x7f
	b[signatureEnd] = version
	copy(b[mechanismAt:], mechanism)
	return b
}

// handshake greets and says what we are; an error when the other side is
// nobody who could subscribe.
func handshake(rw io.ReadWriter) error {
	if _, err := rw.Write(greeting()); err != nil {
		return err
	}
	var theirs [greetingSize]byte
	if _, err := io.ReadFull(rw, theirs[:]); err != nil {
		return fmt.Errorf("greeting: %w", noEOF(err))
	}
	if err := checkGreeting(theirs[:]); err != nil {
		return err
	}
	if _, err := rw.Write(appendCommand(nil, "READY", socketType("PUB"))); err != nil {
		return err
	}
	f, err := readFrame(rw)
	if err != nil {
		return fmt.Errorf("handshake: %w", noEOF(err))
	}
	name, data, ok := f.command()
	if !ok || name != "READY" {
		return errors.New("handshake: not a READY command")
	}
	return checkReady(data)
}

func checkGreeting(b []byte) error {
	if b[0] != 0xff || b[signatureEnd-1] != 0x7f {
		return errors.New("greeting: not ZeroMQ's signature")
	}
	if b[signatureEnd] < version {
		return fmt.Errorf("greeting: version %d of the protocol, not %d", b[signatureEnd], version)
	}
	if name := bytes.TrimRight(b[mechanismAt:mechanismEnd], "\x00"); string(name) != mechanism {
		return fmt.Errorf("greeting: security mechanism %q, not %s", name, mechanism)
	}
	return nil
}

// socketType encodes READY's property of that name.
func socketType(value string) []byte {
	const name = "Socket-Type"
	b := append([]byte{byte(len(name))}, name...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	return append(b, value...)
}

// checkReady reads the other side's properties: it must be a subscriber.
func checkReady(b []byte) error {
	for len(b) > 0 {
		n := int(b[0])
		if len(b) < 1+n+4 {
			return errors.New("handshake: a property is cut short")
		}
		name := string(b[1 : 1+n])
		size := binary.BigEndian.Uint32(b[1+n:])
		b = b[1+n+4:]
		if uint64(size) > uint64(len(b)) {
			return errors.New("handshake: a property is cut short")
		}
		value := string(b[:size])
		b = b[size:]
		if strings.EqualFold(name, "Socket-Type") && value != "SUB" && value != "XSUB" {
			return fmt.Errorf("handshake: a %s socket, not one that subscribes", value)
		}
	}
	return nil
}
