/// Why a sign-in with OpenID came to nothing.
struct OpenIDRefusal: Error, Equatable {
    /// What the page is told, and has a sentence for (`web/platform/openid.js`). No more than that: whoever
    /// tries must not learn from the answer how far they came.
    enum Code: String, CaseIterable {
        /// The provider does not answer, or not as it should.
        case unavailable
        /// The sign-in is not known: too old, used, or begun in another browser.
        case expired
        /// The provider did not let them in.
        case denied
        /// The provider's word does not hold.
        case invalid
        /// The provider has not verified the e-mail address.
        case unverified
        /// No entry of the settings lets them in.
        case unknown
        /// They were removed here.
        case removed
        /// Their name is somebody else's here.
        case taken
        /// Too many sign in at once, or the records cannot be written.
        case busy
    }

    /// What the page is told.
    let code: Code
    /// One sentence for the log and the audit, without anything secret.
    let detail: String
    /// Who it is, once the provider has vouched for them.
    var name = ""

    init(_ code: Code, _ detail: String, name: String = "") {
        self.code = code
        self.detail = detail
        self.name = name
    }
}
