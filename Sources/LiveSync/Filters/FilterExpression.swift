/// A filter as the client wrote it (R21): names are not yet checked.
package indirect enum FilterExpression: Sendable, Equatable {
    /// `["and", …]`: all of them; none means everything.
    case and([FilterExpression])
    /// `["eq", field, value]`; `null` means the field is absent.
    case eq(String, FieldValue)
    /// `["in", field, [values]]`.
    case isIn(String, [FieldValue])
    /// `["range", field, from, to]`: from inclusive, to exclusive, either may be `null`.
    case range(String, from: FieldValue, to: FieldValue)
    /// `["prefix", field, text]`.
    case prefix(String, String)
}
