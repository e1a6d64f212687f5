package sqlerr

// MySQL's error numbers that Weir uses.
const (
	ErrDBCreateExists       = 1007
	ErrDBDropExists         = 1008
	ErrDupFieldName         = 1060
	ErrAccessDenied         = 1045
	ErrNoDB                 = 1046
	ErrUnknownCommand       = 1047
	ErrBadNull              = 1048
	ErrBadDB                = 1049
	ErrTableExists          = 1050
	ErrBadTable             = 1051
	ErrNonUniq              = 1052
	ErrServerShutdown       = 1053
	ErrBadField             = 1054
	ErrWrongFieldWithGroup  = 1055
	ErrWrongSumSelect       = 1056
	ErrTooLongIdent         = 1059
	ErrDupKeyName           = 1061
	ErrDupEntry             = 1062
	ErrParse                = 1064
	ErrEmptyQuery           = 1065
	ErrNonUniqTable         = 1066
	ErrInvalidDefault       = 1067
	ErrMultiplePriKey       = 1068
	ErrKeyColumnMissing     = 1072
	ErrTooBigPrecision      = 1426
	ErrMBiggerThanD         = 1427
	ErrTooBigScale          = 1425
	ErrWrongAutoKey         = 1075
	ErrNoSuchThread         = 1094
	ErrUnknown              = 1105
	ErrInvalidGroupFuncUse  = 1111
	ErrFieldSpecifiedTwice  = 1110
	ErrUnknownCharset       = 1115
	ErrWrongNumberOfColumns = 1222
	ErrWrongValueCount      = 1136
	ErrMixOfGroupFunc       = 1140
	ErrNoSuchTable          = 1146
	ErrSyntax               = 1149
	ErrNetPacketTooLarge    = 1153
	ErrUnknownSystemVar     = 1193
	ErrLockWaitTimeout      = 1205
	ErrWrongArguments       = 1210
	ErrDeadlock             = 1213
	ErrWrongValueForVar     = 1231
	ErrWrongTypeForVar      = 1232
	ErrNotSupportedYet      = 1235
	ErrWrongKeyColumn       = 1167
	ErrPrimaryCantHaveNull  = 1171
	ErrOperandColumns       = 1241
	ErrSubqueryNo1Row       = 1242
	ErrUnknownStmtHandler   = 1243
	ErrUnsupportedPS        = 1295
	ErrDerivedMustHaveAlias = 1248
	ErrIncorrectGlobalLocal = 1238
	ErrDataOutOfRange       = 1264
	ErrDataTruncated        = 1265
	ErrUnknownCollation     = 1273
	ErrQueryInterrupted     = 1317
	ErrNoDefaultForField    = 1364
	ErrDivisionByZero       = 1365
	ErrTruncatedWrongValue  = 1292
	ErrWrongValueForField   = 1366
	ErrNonInsertableTable   = 1471
	ErrDataTooLong          = 1406
	ErrWrongParamCountFn    = 1582
	ErrWrongParamCountProc  = 1318
	ErrFunctionNotExist     = 1305
	ErrWrongArgsToFunction  = 1210
	ErrNumericOutOfRange    = 1690
	ErrMaxPreparedStmt      = 1461
	ErrAutoincReadFailed    = 1467
	ErrDiskFull             = 1021
	ErrFileNotFound         = 1017
	ErrTooFewRecords        = 1261
	ErrTooManyRecords       = 1262
	ErrReadOnlyMode         = 1836
	ErrQueryTimeout         = 3024
	ErrCheckConstraint      = 3819
	ErrOutOfMemory          = 1037
	ErrMalformedPacket      = 1835
	ErrUnknownStorageEngine = 1286
	ErrCantDropFieldOrKey   = 1091
	ErrViewInvalid          = 1356
	ErrWrongObject          = 1347
	ErrOptionPreventsStmt   = 1290
	ErrReadOnlyTransaction  = 1792
	ErrWrongDBName          = 1102
	ErrWrongTableName       = 1103
	ErrTableMustHaveColumns = 1113
	ErrWrongColumnName      = 1166
	ErrWrongNameForIndex    = 1280
	ErrTableDefChanged      = 1412
	// ErrHasDependents is MySQL's refusal to drop a table that foreign keys
	// reference; here views depend on it.
	ErrHasDependents = 3730
)

var states = map[uint16]string{
	ErrAccessDenied: "28000", ErrNoDB: "3D000", ErrUnknownCommand: "08S01", ErrBadNull: "23000",
	ErrBadDB: "42000", ErrTableExists: "42S01", ErrBadTable: "42S02", ErrNonUniq: "23000",
	ErrServerShutdown: "08S01", ErrBadField: "42S22", ErrWrongFieldWithGroup: "42000", ErrWrongSumSelect: "42000",
	ErrTooLongIdent: "42000", ErrDupFieldName: "42S21", ErrDupKeyName: "42000", ErrDupEntry: "23000", ErrParse: "42000",
	ErrEmptyQuery: "42000", ErrNonUniqTable: "42000", ErrInvalidDefault: "42000", ErrMultiplePriKey: "42000",
	ErrKeyColumnMissing: "42000", ErrWrongAutoKey: "42000", ErrInvalidGroupFuncUse: "HY000",
	ErrFieldSpecifiedTwice: "42000", ErrUnknownCharset: "42000", ErrWrongNumberOfColumns: "21000",
	ErrWrongValueCount: "21S01", ErrMixOfGroupFunc: "42000", ErrNoSuchTable: "42S02", ErrSyntax: "42000",
	ErrNetPacketTooLarge: "08S01", ErrDeadlock: "40001", ErrWrongValueForVar: "42000", ErrWrongTypeForVar: "42000",
	ErrNotSupportedYet: "42000", ErrWrongKeyColumn: "42000", ErrPrimaryCantHaveNull: "42000", ErrOperandColumns: "21000",
	ErrSubqueryNo1Row: "21000", ErrDerivedMustHaveAlias: "42000", ErrDataOutOfRange: "22003", ErrDataTruncated: "01000",
	ErrQueryInterrupted: "70100", ErrDivisionByZero: "22012", ErrTruncatedWrongValue: "22007", ErrDataTooLong: "22001",
	ErrWrongParamCountFn: "42000", ErrWrongParamCountProc: "42000", ErrFunctionNotExist: "42000",
	ErrNumericOutOfRange: "22003", ErrMaxPreparedStmt: "42000", ErrTooBigPrecision: "42000", ErrMBiggerThanD: "42000",
	ErrWrongDBName: "42000", ErrWrongTableName: "42000", ErrTableMustHaveColumns: "42000", ErrWrongColumnName: "42000",
	ErrReadOnlyTransaction: "25006", ErrWrongNameForIndex: "42000", ErrTooBigScale: "42000", ErrUnknownStorageEngine: "42000", ErrCantDropFieldOrKey: "42000",
}

// StateOf returns the SQLSTATE that MySQL gives with a number.
func StateOf(code uint16) string {
	if s, ok := states[code]; ok {
		return s
	}
	return "HY000"
}
