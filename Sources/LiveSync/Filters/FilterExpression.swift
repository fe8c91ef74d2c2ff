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
    /// `["or", …]`: one of them; none means nothing. In queries only.
    case or([FilterExpression])
    /// `["not", …]`. In queries only.
    case not(FilterExpression)
    /// `["contains", field, text]`: a part of the text, ASCII letters of either case are one; the field
    /// ``anyField`` stands for all that the role sees. In queries only.
    case contains(String, String)

    /// Stands for every field, in ``contains(_:_:)``.
    package static let anyField = "*"
}
