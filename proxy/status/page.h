#pragma once
#include <string>
#include <vector>

#include "proxy/status/recent.h"
#include "proxy/status/status_document.h"
#include "proxy/status/status_server.h"

namespace proxy {

// What the page for people shows.
struct PageContents {
  StatusReport status;
  std::vector<std::string> not_ready;  // why no mail should be sent here; empty: it may
  Recent::Report recent;
  greylist::Time now;
};

// GET /: one HTML page that needs nothing else, complete as it comes; its script only asks for it again and takes over
// what has changed.
HttpAnswer page_for_people(const PageContents& contents);

}  // namespace proxy
