#include "proxy/version.h"

namespace proxy {

std::string_view version() { return GREYGATE_VERSION; }

}  // namespace proxy
