package ws

import (
	"bytes"
	"testing"
)

func TestAccept(t *testing.T) { // RFC 6455 §1.3
	if got := Accept("dGhlIHNhbXBsZSBub25jZQ=="); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Errorf("accept %s", got)
	}
}

// TestFrames holds frames against the examples of RFC 6455 §5.7.
func TestFrames(t *testing.T) {
	for _, c := range []struct {
		f       Frame
		payload string
		want    string
	}{
		{Frame{Fin: true, Op: Text, Length: 5}, "Hello", "\x81\x05Hello"},
		{Frame{Fin: true, Op: Text, Masked: true, Key: [4]byte{0x37, 0xfa, 0x21, 0x3d}, Length: 5}, "Hello", "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"},
		{Frame{Op: Text, Length: 3}, "Hel", "\x01\x03Hel"},
		{Frame{Fin: true, Op: Binary, Length: 256}, "", "\x82\x7e\x01\x00"},
		{Frame{Fin: true, Op: Binary, Length: 65536}, "", "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"},
	} {
		if got := AppendPayload(AppendHeader(nil, &c.f), &c.f, []byte(c.payload), 0); string(got) != c.want {
			t.Errorf("%+v: % x, want % x", c.f, got, c.want)
		}
	}
}

// TestMaskInPieces holds that pieces of a payload mask as the whole does.
func TestMaskInPieces(t *testing.T) {
	f := Frame{Masked: true, Key: [4]byte{1, 2, 3, 4}}
	payload := bytes.Repeat([]byte("0123456789a"), 9)
	whole := AppendPayload(nil, &f, payload, 0)
	for cut := range payload {
		got := AppendPayload(nil, &f, payload[:cut], 0)
		if got = AppendPayload(got, &f, payload[cut:], uint64(cut)); !bytes.Equal(got, whole) {
			t.Fatalf("cut at %d differs", cut)
		}
	}
}
