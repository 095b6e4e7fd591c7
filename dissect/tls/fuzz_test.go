package tls

import (
	"bytes"
	stdtls "crypto/tls"
	"encoding/binary"
	"testing"
)

func FuzzClientHello(f *testing.F) {
	client, server := converse(f, &stdtls.Config{NextProtos: []string{"http/1.1"}}, &stdtls.Config{})
	f.Add(firstMessage(f, client).Body)
	f.Add(firstMessage(f, server).Body)
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		h, err := ParseClientHello(body)
		s, _ := ParseServerHello(body)
		ParseEncryptedExtensions(body)
		if !bytes.Equal(before, body) {
			t.Fatal("the input was changed")
		}
		kept := 2*len(h.CipherSuites) + 4*len(h.Extensions) + len(h.SNI) + 2*len(h.SupportedVersions) + len(h.SessionID)
		for _, p := range h.ALPN {
			kept += len(p) + 1
		}
		if kept > 2*len(body) || len(s.SessionID) > 255 {
			t.Fatalf("%d bytes became %d", len(body), kept)
		}
		if err != nil {
			return
		}
		// A whole hello in a record is what recognition takes for one, unless its version is odd.
		if n := len(body); n >= minHello && n < MaxPlainRecord-4 && body[0] == 3 && body[1] <= 4 {
			rec := append([]byte{22, 3, 1, byte((n + 4) >> 8), byte(n + 4), 1, 0, byte(n >> 8), byte(n)}, body...)
			if LooksLikeClient(rec) != Yes {
				t.Fatal("the hello is not recognised")
			}
		}
		// Bytes after the hello do not change what was read of it.
		if len(h.Extensions) > 0 {
			again, err := ParseClientHello(append(before, 0xff))
			if err != nil || again.SNI != h.SNI || len(again.Extensions) != len(h.Extensions) {
				t.Fatalf("a byte more: %+v, %v; want %+v", again, err, h)
			}
		}
	})
}

// messages assembles a handshake stream that is divided into pieces.
func messages(p []byte, piece int) (out []Message, err error) {
	var a Assembler
	for len(p) > 0 {
		n := min(piece, len(p))
		if err := a.Add(p[:n]); err != nil {
			return out, err
		}
		for p = p[n:]; ; {
			m, ok, err := a.Next()
			if err != nil {
				return out, err
			}
			if !ok {
				break
			}
			out = append(out, Message{m.Type, bytes.Clone(m.Body)})
		}
	}
	return out, nil
}

func FuzzRecords(f *testing.F) {
	client, server := converse(f, &stdtls.Config{}, &stdtls.Config{MaxVersion: stdtls.VersionTLS12})
	_, payloads := records(f, server)
	f.Add(bytes.Join(payloads[:2], nil), uint8(9))
	f.Add(client, uint8(1))
	f.Add([]byte{1, 0, 0, 0, 2, 1, 0, 1}, uint8(0))
	f.Fuzz(func(t *testing.T, p []byte, piece uint8) {
		p = p[:min(len(p), 4096)]
		want, wantErr := messages(p, 4096)
		got, err := messages(p, int(piece)+1)
		if len(got) != len(want) || (err == nil) != (wantErr == nil) {
			t.Fatalf("%d messages, %v; in one piece %d, %v", len(got), err, len(want), wantErr)
		}
		var joined []byte
		for i, m := range got {
			if m.Type != want[i].Type || !bytes.Equal(m.Body, want[i].Body) {
				t.Fatalf("message %d differs", i)
			}
			joined = append(joined, byte(m.Type), 0, byte(len(m.Body)>>8), byte(len(m.Body)))
			joined = append(joined, m.Body...)
		}
		if !bytes.HasPrefix(p, joined) {
			t.Fatal("the messages are not what the stream begins with")
		}
		if h, ok := ParseRecordHeader(p); ok && (h.Length != int(binary.BigEndian.Uint16(p[3:])) || byte(h.Type) != p[0]) {
			t.Fatalf("record header %+v", h)
		}
		v := Maybe
		for i := 0; i <= min(len(p), 16); i++ {
			now := LooksLikeTLS(p[:i])
			if v != Maybe && now != v {
				t.Fatalf("%v became %v at %d", v, now, i)
			}
			v = now
		}
	})
}
