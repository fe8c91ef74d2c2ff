/// The membership rules of R17. All are always on; tests switch one off to prove that they would notice
/// its loss.
package struct DeltaRules: Sendable {
    /// A row whose filter fields changed and that matches now is sent whole.
    package var sendsEnteringRowsWhole = true
    /// A row whose filter fields changed and that does not match now is taken away.
    package var takesLeavingRowsAway = true
    /// The same for a row that was created after `from`: the client may have it all the same, because it
    /// stands later than `from` (R18), or saw the row in a fuzzy snapshot (R19).
    package var takesFreshRowsAway = true

    /// All rules on.
    package init() {}
}
