package mysql

import "github.com/weirdb/weir/sqlerr"

// Capability flags of the handshake.
const (
	capLongPassword     = 1 << 0
	capFoundRows        = 1 << 1
	capLongFlag         = 1 << 2
	capConnectWithDB    = 1 << 3
	capLocalFiles       = 1 << 7
	capIgnoreSpace      = 1 << 8
	capProtocol41       = 1 << 9
	capInteractive      = 1 << 10
	capSSL              = 1 << 11
	capTransactions     = 1 << 13
	capSecureConnection = 1 << 15
	capMultiStatements  = 1 << 16
	capMultiResults     = 1 << 17
	capPSMultiResults   = 1 << 18
	capPluginAuth       = 1 << 19
	capConnectAttrs     = 1 << 20
	capPluginAuthLenenc = 1 << 21
	capSessionTrack     = 1 << 23
	capDeprecateEOF     = 1 << 24

	serverCaps = capLongPassword | capFoundRows | capLongFlag | capConnectWithDB | capLocalFiles |
		capIgnoreSpace | capProtocol41 | capInteractive | capTransactions | capSecureConnection |
		capMultiStatements | capMultiResults | capPSMultiResults | capPluginAuth | capConnectAttrs |
		capPluginAuthLenenc | capSessionTrack | capDeprecateEOF
)

// Status flags of OK and EOF packets.
const (
	statusInTxn          = 1 << 0
	statusAutocommit     = 1 << 1
	statusMoreResults    = 1 << 3
	statusCursorExists   = 1 << 6
	statusLastRowSent    = 1 << 7
	statusSessionChanged = 1 << 14
)

// Commands.
const (
	comQuit            = 0x01
	comInitDB          = 0x02
	comQuery           = 0x03
	comFieldList       = 0x04
	comStatistics      = 0x09
	comProcessKill     = 0x0c
	comPing            = 0x0e
	comChangeUser      = 0x11
	comStmtPrepare     = 0x16
	comStmtExecute     = 0x17
	comStmtSendLong    = 0x18
	comStmtClose       = 0x19
	comStmtReset       = 0x1a
	comSetOption       = 0x1b
	comStmtFetch       = 0x1c
	comResetConnection = 0x1f
)

// First bytes of packets.
const (
	headerOK         = 0x00
	headerMoreData   = 0x01
	headerInfile     = 0xfb
	headerEOF        = 0xfe
	headerAuthSwitch = 0xfe
	headerErr        = 0xff
)

// Column types on the wire.
const (
	wireDecimal    = 0x00
	wireTiny       = 0x01
	wireShort      = 0x02
	wireLong       = 0x03
	wireFloat      = 0x04
	wireDouble     = 0x05
	wireNull       = 0x06
	wireTimestamp  = 0x07
	wireLongLong   = 0x08
	wireInt24      = 0x09
	wireDate       = 0x0a
	wireTime       = 0x0b
	wireDatetime   = 0x0c
	wireYear       = 0x0d
	wireVarchar    = 0x0f
	wireBit        = 0x10
	wireJSON       = 0xf5
	wireNewDecimal = 0xf6
	wireEnum       = 0xf7
	wireSet        = 0xf8
	wireTinyBlob   = 0xf9
	wireMediumBlob = 0xfa
	wireLongBlob   = 0xfb
	wireBlob       = 0xfc
	wireVarString  = 0xfd
	wireString     = 0xfe
)

// Column flags.
const (
	flagNotNull       = 1 << 0
	flagPrimaryKey    = 1 << 1
	flagBlob          = 1 << 4
	flagUnsigned      = 1 << 5
	flagBinary        = 1 << 7
	flagAutoIncrement = 1 << 9
)

// Faults of the protocol itself. Errors are immutable, so one of each will do.
var (
	errMalformed  = sqlerr.New(sqlerr.ErrMalformedPacket, "Malformed communication packet")
	errTooLarge   = sqlerr.New(sqlerr.ErrNetPacketTooLarge, "Got a packet bigger than 'max_allowed_packet' bytes")
	errOutOfOrder = &sqlerr.Error{Code: 1156, State: "08S01", Message: "Got packets out of order"}
	errHandshake  = &sqlerr.Error{Code: 1043, State: "08S01", Message: "Bad handshake"}
	errTooMany    = &sqlerr.Error{Code: 1040, State: "08004", Message: "Too many connections"}
	errShutdown   = sqlerr.New(sqlerr.ErrServerShutdown, "Server shutdown in progress")
	errUnknownCom = sqlerr.New(sqlerr.ErrUnknownCommand, "Unknown command")
	errNoCursor   = sqlerr.New(1421, "The statement has no open cursor")
	errInsecure   = sqlerr.New(3159, "Connections using insecure transport are prohibited while --require_secure_transport=ON")
	errNoInfile   = &sqlerr.Error{Code: 3948, State: "42000", Message: "Loading local data is disabled; this must be enabled on both the client and server sides"}
)
