#include "proxy/config/nearest_key.h"

#include <doctest/doctest.h>

#include "proxy/config/keys.h"

TEST_CASE("the distance of two words") {
  struct Row {
    std::string_view a, b;
    std::size_t distance;
  };
  for (const auto& [a, b, distance] :
       {Row{"", "", 0}, Row{"", "abc", 3}, Row{"delay", "delay", 0}, Row{"dellay", "delay", 1}, Row{"dely", "delay", 1},
        Row{"delai", "delay", 1}, Row{"dealy", "delay", 1}, Row{"kitten", "sitting", 3}, Row{"ab", "ba", 1}}) {
    CAPTURE(a);
    CHECK(proxy::edit_distance(a, b) == distance);
    CHECK(proxy::edit_distance(b, a) == distance);
  }
}

TEST_CASE("the key that was meant") {
  struct Row {
    const char* why;
    std::string_view written, meant;
  };
  const auto known = proxy::known_keys();
  for (const auto& [why, written, meant] : {
           Row{"a letter too many", "greylist.dellay", "greylist.delay"},
           Row{"another word's mark", "greylist.retry-window", "greylist.retry_window"},
           Row{"in capitals but for one", "Hostname", "hostname"},
           Row{"in the wrong object", "delay", "greylist.delay"},
           Row{"in the wrong object, but there is one alike in this", "backend.connection", "backend.connections"},
           Row{"within a list", "listen[].adress", "listen[].address"},
           Row{"two objects have it", "limits.connection", "limits.connections"},
           Row{"an object", "lmits", "limits"},
           Row{"of a store that isn't used", "store.cluser", "store.cluster"},
       }) {
    CAPTURE(why);
    CHECK(proxy::nearest_key(written, known) == meant);
  }
}
