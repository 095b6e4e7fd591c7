package wstest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

// Save writes the recording so far to path as a pcapng file, with packets made
// for what was read and written; what was recorded inside TLS is written as
// plaintext. sockeye decodes the file to the same events, other tools read it
// too. Of a recording that reached its Limit everything before it is written and an
// error is returned. The file of FromCapture is written anew, packet by packet,
// and only as a whole.
func (r *Recording) Save(path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("wstest: %w", err)
	}
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = fmt.Errorf("wstest: %w", e)
		}
	}()
	w, err := pcapfile.NewNgWriter(f, pcapfile.NgOptions{Application: "sockeye wstest"})
	if err == nil && r.rec != nil {
		err = r.saveLog(w)
	} else if err == nil {
		err = r.saveFile(w)
	}
	if e := w.Flush(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("wstest: %s: %w", path, err)
	}
	return nil
}

// saveLog writes a recorder's packets, or those of one connection.
func (r *Recording) saveLog(w *pcapfile.NgWriter) error {
	if _, err := w.AddInterface(pcapfile.Interface{Link: capture.LinkEthernet, SnapLen: pcapfile.DefaultSnapLen,
		Name: "wstest", Description: "recorded in process; packets are synthesised"}); err != nil {
		return err
	}
	l, _ := r.rec.copyLog()
	if r.conn != 0 {
		l.entries = slices.DeleteFunc(l.entries, func(e entry) bool { return uint64(e.conn+1) != r.conn })
	}
	if err := writeTape(&l, w.WritePacketComment); err != nil {
		return err
	}
	if l.full {
		return r.rec.limitError()
	}
	return nil
}

// saveFile copies the packets of a capture file.
func (r *Recording) saveFile(w *pcapfile.NgWriter) error {
	if r.conn != 0 {
		return fmt.Errorf("one connection of a capture file: %w", errors.ErrUnsupported)
	}
	f, err := pcapfile.Open(r.file)
	if err != nil {
		return err
	}
	defer f.Close()
	interfaces := map[capture.LinkType]uint32{}
	for {
		p, err := f.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		id, ok := interfaces[p.Link]
		if !ok {
			if id, err = w.AddInterface(pcapfile.Interface{Link: p.Link}); err != nil {
				return err
			}
			interfaces[p.Link] = id
		}
		p.Interface = id
		if err := w.WritePacket(&p); err != nil {
			return err
		}
	}
}
