package disk

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// The format of a segment, version 1; docs/format/log.md has it in words.
// Numbers are little-endian, checksums CRC-32C.
//
//	segment   0 "WEIRSEG1" | 8 first index u64 | 16 salt u64 | 24 zeros | 60 crc of bytes 0..59 u32
//	         64 records, each at a multiple of 8, then a mark or zeros to the end
//	record    0 length u32 | 4 crc u32 | 8 index u64 | 16 durable u64 | 24 data, zeros to a multiple of 8
//	mark      a record of length 0 with bit 31 set; index = durable
//
// A record's crc is over the salt, the header without the crc, and the data.
// durable is the last index known to be on the disk when the record was
// written. The salt is drawn per segment, so that no data of a user looks like
// a record. A segment exists only once all records before it are durable.
const (
	segmentMagic  = "WEIRSEG1"
	segmentSuffix = ".seg"
	segmentHeader = 64
	recordHeader  = 24
	markBit       = 1 << 31

	formatName = "FORMAT"
	formatText = "weir log 1\n"
	lockName   = "LOCK"
	tempSuffix = ".tmp"
	nextName   = "next" + segmentSuffix + tempSuffix
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func segmentName(first uint64) string { return fmt.Sprintf("%020d%s", first, segmentSuffix) }

// segmentFirst returns the first index that a file name states.
func segmentFirst(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	first, err := strconv.ParseUint(digits, 10, 64)
	return first, err == nil && first > 0
}

func appendSegmentHeader(dst []byte, first, salt uint64) []byte {
	at := len(dst)
	dst = append(dst, segmentMagic...)
	dst = binary.LittleEndian.AppendUint64(dst, first)
	dst = binary.LittleEndian.AppendUint64(dst, salt)
	dst = append(dst, make([]byte, segmentHeader-4-(len(dst)-at))...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[at:], castagnoli))
}

// parseSegmentHeader returns the salt of a segment that is to begin at first.
func parseSegmentHeader(buf []byte, first uint64) (salt uint64, err error) {
	switch {
	case len(buf) < segmentHeader:
		return 0, fmt.Errorf("its header ends early")
	case string(buf[:len(segmentMagic)]) != segmentMagic:
		return 0, fmt.Errorf("it does not begin with %s", segmentMagic)
	case binary.LittleEndian.Uint32(buf[60:]) != crc32.Checksum(buf[:60], castagnoli):
		return 0, fmt.Errorf("the checksum of its header is wrong")
	case binary.LittleEndian.Uint64(buf[8:]) != first:
		return 0, fmt.Errorf("its header says that it begins at record %d", binary.LittleEndian.Uint64(buf[8:]))
	}
	return binary.LittleEndian.Uint64(buf[16:]), nil
}

// saltSum is the state of a record's checksum before the record.
func saltSum(salt uint64) uint32 {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], salt)
	return crc32.Checksum(b[:], castagnoli)
}

// recordSize returns the bytes that a record with n bytes of data takes.
func recordSize(n int) int { return recordHeader + (n+7)&^7 }

func appendRecord(dst []byte, sum uint32, index, durable uint64, data []byte) []byte {
	dst = appendFramed(dst, sum, uint32(len(data)), index, durable, data)
	return append(dst, "\x00\x00\x00\x00\x00\x00\x00"[:-len(data)&7]...)
}

func appendMark(dst []byte, sum uint32, durable uint64) []byte {
	return appendFramed(dst, sum, markBit, durable, durable, nil)
}

func appendFramed(dst []byte, sum uint32, length uint32, index, durable uint64, data []byte) []byte {
	at := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, length)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = binary.LittleEndian.AppendUint64(dst, index)
	dst = binary.LittleEndian.AppendUint64(dst, durable)
	dst = append(dst, data...)
	binary.LittleEndian.PutUint32(dst[at+4:], recordSum(sum, dst[at:]))
	return dst
}

func recordSum(sum uint32, rec []byte) uint32 {
	sum = crc32.Update(sum, castagnoli, rec[:4])
	return crc32.Update(sum, castagnoli, rec[8:])
}

// record is a record as it lies in a segment; data is borrowed.
type record struct {
	mark           bool
	index, durable uint64
	data           []byte
}

// size returns the bytes that the record takes.
func (r record) size() int { return recordSize(len(r.data)) }

// parseRecord reads the record at the front of buf, if there is one.
func parseRecord(buf []byte, sum uint32) (r record, ok bool) {
	if len(buf) < recordHeader {
		return record{}, false
	}
	length := binary.LittleEndian.Uint32(buf)
	r.mark = length&markBit != 0
	n := int(length &^ markBit)
	r.index = binary.LittleEndian.Uint64(buf[8:])
	r.durable = binary.LittleEndian.Uint64(buf[16:])
	switch {
	case recordSize(n) > len(buf), r.mark && (n > 0 || r.index != r.durable), !r.mark && r.durable >= r.index:
		return record{}, false
	}
	r.data = buf[recordHeader : recordHeader+n]
	return r, binary.LittleEndian.Uint32(buf[4:]) == recordSum(sum, buf[:recordHeader+n])
}
