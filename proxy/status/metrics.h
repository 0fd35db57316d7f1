#pragma once
#include <string>

#include "proxy/status/status_document.h"

namespace proxy {

// The report as Prometheus reads it, for GET /metrics: prometheus_text.h's format; names and units as
// https://prometheus.io/docs/practices/naming/ has them.
std::string metrics_text(const StatusReport& report);

}  // namespace proxy
