package mysql

import (
	"errors"
	"io"
)

// infile is the client's file of LOAD DATA LOCAL INFILE: packets up to an
// empty one. It is read straight off the connection, which stays usable only
// when it has been read to its end; Close sees to that.
type infile struct {
	c     *conn
	left  int  // of the frame that is being read
	cont  bool // that frame's packet goes on in the next frame
	ended bool
	shut  bool
}

var errInfileClosed = errors.New("mysql: read of a closed file of the client")

// Read implements io.Reader.
func (f *infile) Read(p []byte) (int, error) {
	if f.shut {
		return 0, errInfileClosed
	}
	return f.read(p)
}

func (f *infile) read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for f.left == 0 {
		if f.ended {
			return 0, io.EOF
		}
		n, err := f.c.in.header()
		if err == io.EOF { // the client went away; its file did not end
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		f.ended = n == 0 && !f.cont
		f.left, f.cont = n, n == maxFrame
		f.c.out.seq = f.c.in.seq
	}
	n, err := f.c.in.body(p[:min(len(p), f.left)])
	f.left -= n
	return n, err
}

// Close skips what is left of the file. Idempotent.
func (f *infile) Close() error {
	f.shut = true
	var skip [4096]byte
	for {
		if _, err := f.read(skip[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
