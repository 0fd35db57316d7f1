#pragma once
#include <string>

#include "proxy/status/recent.h"

namespace proxy {

// The report as JSON, for GET /status/recent: "minutes" and "hours", each with "end" (of the last, which isn't over),
// "step_seconds" and a list by event, the oldest first; "put_off" with "since", "clients", "senders"; "decisions".
std::string recent_document(const Recent::Report& report, greylist::Time now);

}  // namespace proxy
