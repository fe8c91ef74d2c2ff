@main struct CeleriacLoad {
    static func main() {}
}
