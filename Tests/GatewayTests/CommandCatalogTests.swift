import Fleet
import Foundation
import Ports
import Testing
import WireFormats

@testable import Gateway

@Suite struct CommandCatalogTests {
    @Test func `the page about commands says what the declarations say`() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../docs/commands.md")

        let text = try String(contentsOf: page, encoding: .utf8)

        #expect(text == CommandReference.markdown, "run: celeriac commands > docs/commands.md")
    }

    @Test func `names are unique, within and between commands`() {
        let names = CommandCatalog.all.map(\.name)
        #expect(Set(names).count == names.count)
        for command in CommandCatalog.all {
            let arguments = command.allParameters.map(\.name)
            #expect(Set(arguments).count == arguments.count, "\(command.name)")
            // They stand beside the arguments in the body of a POST.
            #expect(Set(arguments).isDisjoint(with: ["expect", "deadlineMs"]), "\(command.name)")
            #expect(CommandLimits.deadline.contains(command.deadline))
        }
    }

    @Test(arguments: CommandCatalog.all.map(\.name))
    func `viewers and walls change nothing`(name: String) throws {
        let command = try CommandCatalog.command(name)
        #expect(Set(command.roles).isDisjoint(with: [.viewer, .wall]))
        #expect(command.roles.contains(.admin))
    }

    @Test(arguments: [
        ("task.run", "chain", "signatures"), ("task.group", "tasks", "signatures"),
        ("task.chord", "body", "signature"), ("task.run", "headers", "object"),
    ])
    func `programs are told which arguments are tasks`(
        name: String, argument: String, kind: String
    ) throws {
        let command = try #require(
            CommandReference.json.array?.first { $0["name"]?.string == name })

        let parameter = command["parameters"]?.array?.first { $0["name"]?.string == argument }

        #expect(parameter?["kind"]?.string == kind)
        #expect(
            parameter?["max"]?.double
                == (kind == "signatures" ? Double(CommandLimits.signatures) : nil))
    }

    @Test func `what harms workers is not offered`() {
        for name in ["election", "objgraph", "memdump"] {
            #expect(!CommandCatalog.all.contains { $0.name.lowercased().hasSuffix(name) })
        }
    }
}
