package pcapfile

import (
	"bufio"
	"io"

	"github.com/ulikunitz/xz"
)

func openXz(src *bufio.Reader) (io.Reader, func() error, error) {
	z, err := xz.NewReader(src)
	return z, nil, err
}
