#include "proxy/dns/organisational_domain.h"

#include <libpsl.h>

namespace proxy {

// With the list's private part: what hosters' customers have below one domain ("a.hosting.example") are theirs.
std::string organisational_domain(std::string_view name) {
  const std::string text(name);
  const char* const domain = psl_registrable_domain(psl_builtin(), text.c_str());
  return domain ? domain : "";
}

}  // namespace proxy
