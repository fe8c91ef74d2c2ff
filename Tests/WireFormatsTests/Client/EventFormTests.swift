import LiveSync
import Testing
import WireFormats

/// How an event of the log is written for its readers (R37).
@Suite struct EventFormTests {
    private let place = EventPosition(epoch: "k3V9", offset: 5_510_023)

    private func text(
        _ format: EventFormat, isMasked: Bool = false, source: String = "celery@a",
        subject: String? = "9f", payload: String = #"{"type":"task-failed","args":"(1,)"}"#
    ) -> String {
        let event = LoggedEvent(
            type: "task-failed", source: source, subject: subject, name: "mail.send", queue: nil,
            receivedAt: 2, happenedAt: 1_764_000_001.25, payload: Array(payload.utf8))
        let json = EventForm.json(event, at: place, format: format, isMasked: isMasked)
        return String(decoding: json, as: UTF8.self)
    }

    @Test func `celery is the event, celeriac has what is known beside it`() {
        #expect(text(.celery) == #"{"type":"task-failed","args":"(1,)"}"#)
        #expect(
            text(.celeriac)
                == #"{"type":"task-failed","worker":"celery@a","id":"9f","name":"mail.send","event":{"type":"task-failed","args":"(1,)"}}"#
        )
    }

    @Test func `a CloudEvent has the attributes of its standard`() {
        let rest =
            #""type":"celery.task-failed","time":"2025-11-24T16:00:01.250000+00:00","subject":"9f","datacontenttype":"application/json","data":{"type":"task-failed","args":"(1,)"}}"#

        #expect(
            text(.cloudevents)
                == #"{"specversion":"1.0","id":"k3V9/5510023","source":"celery/celery@a","# + rest)
    }

    @Test(arguments: [nil, ""])
    func `a CloudEvent about nothing has no subject`(subject: String?) {
        // The standard wants a text that is not empty, or none.
        #expect(!text(.cloudevents, subject: subject).contains("subject"))
    }

    @Test func `its source is a reference whatever a worker is called`() {
        let source = text(.cloudevents, source: "a b/ä?#%@c")

        #expect(source.contains(#""source":"celery/a%20b%2F%C3%A4%3F%23%25@c""#))
    }

    @Test(arguments: EventFormat.allCases)
    func `who may not see texts is told their lengths`(format: EventFormat) {
        let payload =
            #"{"type":"x","args":"häß","kwargs":"k","result":"","exception":"e","traceback":"t","extra":{"a":1},"retries":3}"#
        let shown = text(format, isMasked: true, payload: payload)

        #expect(
            shown.contains(
                #"{"type":"x","args":"(3 characters)","kwargs":"(1 characters)","result":"(0 characters)","exception":"(1 characters)","traceback":"(1 characters)","extra":"(hidden)","retries":3}"#
            ))
    }
}
