import Foundation
import Testing
import WireFormats

/// The captured traffic of `Tests/Fixtures/celery`.
enum CelerySamples {
    /// The `sample` of a file (some files are the sample themselves).
    static func load(_ name: String) throws -> JsonValue {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Fixtures/celery/\(name).json").standardized
        let value = try JsonReader.parse([UInt8](Data(contentsOf: file)), limits: .celery)
        return value["sample"] ?? value
    }

    /// Every payload published on an event channel: name and bytes.
    static func eventPayloads() throws -> [(name: String, payload: [UInt8])] {
        try #require(load("event_envelopes").object).map {
            ($0.name, Array(try #require($0.value["redis_payload_raw"]?.string).utf8))
        }
    }

    /// An envelope round an event body, as a worker writes it.
    static func envelope(
        _ body: JsonValue, contentType: String = "application/json", encoding: String? = "base64",
        headers: JsonValue = ["hostname": "worker1@host"]
    ) -> [UInt8] {
        envelope(Array(body.text(asciiOnly: true).utf8), contentType, encoding, headers)
    }

    static func envelope(
        _ body: [UInt8], _ contentType: String = "application/json",
        _ encoding: String? = "base64", _ headers: JsonValue = [:]
    ) -> [UInt8] {
        var properties: JsonValue = ["delivery_tag": "t", "delivery_mode": 1]
        if let encoding {
            properties = ["delivery_tag": "t", "body_encoding": .string(encoding)]
        }
        var writer = JsonWriter(asciiOnly: true)
        writer.beginObject()
        writer.name("body")
        if encoding == "base64" {
            writer.base64(body)
        } else {
            writer.string(String(decoding: body, as: UTF8.self))
        }
        writer.member("content-type", contentType as String?)
        writer.member("headers", headers)
        writer.member("properties", properties)
        writer.endObject()
        return writer.bytes
    }
}
