#pragma once
#include <cstdio>
#include <cstdlib>

// Ends a fuzz run with the fault's place; unlike assert, in every build.
#define REQUIRE(condition)                                                         \
  do {                                                                             \
    if (!(condition)) {                                                            \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                \
    }                                                                              \
  } while (false)
