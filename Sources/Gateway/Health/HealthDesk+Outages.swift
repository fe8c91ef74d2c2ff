internal import LiveSync

extension HealthDesk {
    /// A link broke: a row `outage:<n>` says so until the link's outages are too many.
    func broke(_ link: GatewayLink, reason: String, at time: Double) {
        guard let (opened, dropped) = outages.broke(link, reason: reason, at: time) else { return }
        if let dropped { rows.engine.remove(rows.health, id: "outage:\(dropped)") }
        show(opened)
    }

    /// A link works again.
    ///
    /// - Returns: whether it was broken.
    @discardableResult
    func restored(_ link: GatewayLink, at time: Double) -> Bool {
        guard let ended = outages.restored(link, at: time) else { return false }
        show(ended)
        return true
    }

    private func show(_ outage: OutageLog.Outage) {
        rows.setHealth(
            "outage:\(outage.id)",
            [
                "link": .text(outage.link.rawValue), "from": .double(outage.from),
                "to": FieldValue(outage.to), "reason": .text(outage.reason),
            ])
    }
}
