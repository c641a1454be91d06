// placeholder so the library has one source until the first topic lands
namespace igwas { int core_abi() { return 1; } }
