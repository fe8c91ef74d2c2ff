@main struct Celeriac {
    static func main() {}
}
