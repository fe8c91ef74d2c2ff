/// The two membership rules of R17. Both are always on; tests switch one off to prove that they would
/// notice its loss.
package struct DeltaRules: Sendable {
    /// A row whose filter fields changed and that matches now is sent whole.
    package var sendsEnteringRowsWhole = true
    /// A row whose filter fields changed and that does not match now is taken away.
    package var takesLeavingRowsAway = true

    /// Both rules on.
    package init() {}
}
