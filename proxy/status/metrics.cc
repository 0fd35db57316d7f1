#include "proxy/status/metrics.h"

#include "proxy/status/prometheus_text.h"

namespace proxy {
namespace {

void add_program(PrometheusText& text, const StatusReport& report) {
  text.gauge("greygate_build_info", "Always 1; the version that runs.").sample({{"version", report.version}}, 1);
  const auto started = std::chrono::duration_cast<std::chrono::seconds>(report.started.time_since_epoch()).count();
  text.gauge("process_start_time_seconds", "When the program was started, in Unix time.")
      .sample(static_cast<std::uint64_t>(started));
  text.gauge("greygate_draining", "1 from the moment on that it was told to end, else 0.").sample(report.draining);
  text.counter("greygate_log_lines_dropped_total", "Log lines given up because nobody read them in time.")
      .sample(report.dropped_log_lines);
}

void add_connections(PrometheusText& text, const StatusReport::Connections& connections) {
  text.counter("greygate_connections_total", "Clients' connections accepted.").sample(connections.accepted);
  text.counter("greygate_connections_refused_total",
               "Clients' connections turned away: over a limit, while draining, or without their proxy's header.")
      .sample(connections.refused);
  text.gauge("greygate_connections_open", "Clients' connections open now.").sample(connections.open);
}

void add_recipients(PrometheusText& text, const StatusReport::Recipients& recipients) {
  text.counter("greygate_recipients_total", "Recipients judged, by verdict: the words of the log.");
  for (std::size_t i = 0; i < recipients.verdicts.size(); ++i)
    text.sample({{"verdict", word(static_cast<greylist::Verdict>(i))}}, recipients.verdicts[i]);
  text.sample({{"verdict", "relay_denied"}}, recipients.relay_denied);
  text.sample({{"verdict", "unsafe_recipient"}}, recipients.unsafe);
  text.sample({{"verdict", "needs_smtputf8"}}, recipients.needs_smtputf8);
  text.counter("greygate_recipient_actions_total",
               "What became of recipients: put off, passed (sent on, whatever the backend then said) or refused.");
  text.sample({{"action", "put_off"}}, recipients.put_off);
  text.sample({{"action", "passed"}}, recipients.passed);
  text.sample({{"action", "refused"}}, recipients.refused);
}

void add_messages(PrometheusText& text, const StatusReport::Messages& messages) {
  text.counter("greygate_messages_total",
               "Messages whose content began to come, by outcome: relayed (the backend took it), refused, or unknown "
               "(the backend was lost and may have it).");
  text.sample({{"outcome", "relayed"}}, messages.relayed);
  text.sample({{"outcome", "refused"}}, messages.refused);
  text.sample({{"outcome", "unknown"}}, messages.unknown);
  text.counter("greygate_message_bytes_total", "Octets of content of relayed messages.").sample(messages.bytes);
}

void add_replies(PrometheusText& text, const std::map<int, StatusReport::Count>& replies) {
  text.counter("greygate_replies_total", "Replies said to clients, by code.");
  for (const auto& [code, count] : replies) text.sample({{"code", std::to_string(code)}}, count);
}

void add_times(PrometheusText& text, const StatusReport::Times& times) {
  text.histogram("greygate_reply_duration_seconds",
                 "From a client's octets to the replies that they earn, the wait for the backend included.",
                 times.reply);
  text.histogram("greygate_added_latency_seconds",
                 "From a client's octets to the replies that they earn, without the wait for the backend.",
                 times.added);
  text.histogram("greygate_store_lookup_duration_seconds", "One look at the greylist.", times.store);
  text.histogram("greygate_delay_until_passed_seconds", "From a first attempt to the retry that passed.",
                 times.until_passed);
}

void add_backends(PrometheusText& text, const std::vector<StatusReport::Backend>& backends) {
  text.gauge("greygate_backend_up", "1 while the backend can be reached, else 0.");
  for (const auto& backend : backends) text.sample({{"address", backend.address}}, backend.up);
  text.gauge("greygate_backend_connections_open", "Connections to the backend open now.");
  for (const auto& backend : backends) text.sample({{"address", backend.address}}, backend.open);
  text.gauge("greygate_backend_connections_pooled", "Those of them that wait for another client (backend.reuse).");
  for (const auto& backend : backends) text.sample({{"address", backend.address}}, backend.pooled);
  text.counter("greygate_backend_connections_reused_total", "Times that a connection was given to another client.");
  for (const auto& backend : backends) text.sample({{"address", backend.address}}, backend.reused);
  text.counter("greygate_backend_failures_total", "Times that the backend could not be reached, or was not willing.");
  for (const auto& backend : backends) text.sample({{"address", backend.address}}, backend.failures);
}

void add_store(PrometheusText& text, const StatusReport::Store& store) {
  text.gauge("greygate_store_ok", "1 while the store works, else 0.").sample(store.ok);
  text.gauge("greygate_store_stand_in", "1 while a local store stands in for a shared one, else 0.")
      .sample(!store.stand_in.empty());
  text.gauge("greygate_store_entries", "Entries in the store, estimated.").sample(store.entries_estimate);
  text.gauge("greygate_store_bytes", "Space that the store takes on disk, in bytes.").sample(store.bytes);
  text.counter("greygate_store_errors_total", "Calls of the store that failed, and entries that could not be read.")
      .sample(store.errors);
}

// "TLSv1.3 TLS_AES_256_GCM_SHA384"
void add_handshakes(PrometheusText& text, std::string_view leg,
                    const std::map<std::string, StatusReport::Count>& handshakes) {
  for (const auto& [protection, count] : handshakes) {
    const std::string_view both = protection;
    const auto blank = both.find(' ');
    const auto cipher = blank == both.npos ? std::string_view() : both.substr(blank + 1);
    text.sample({{"leg", leg}, {"version", both.substr(0, blank)}, {"cipher", cipher}}, count);
  }
}

void add_tls(PrometheusText& text, const StatusReport::Tls& tls) {
  text.counter("greygate_tls_handshakes_total", "TLS handshakes done, with clients and with backends.");
  add_handshakes(text, "client", tls.clients);
  add_handshakes(text, "backend", tls.backends);
  text.counter("greygate_tls_handshakes_failed_total", "TLS handshakes that failed, with clients and with backends.");
  text.sample({{"leg", "client"}}, tls.handshakes_failed);
  text.sample({{"leg", "backend"}}, tls.backend_handshakes_failed);
  text.gauge("greygate_certificate_expiry_timestamp_seconds",
             "When a certificate shown to clients ends, in Unix time.");
  for (const auto& certificate : tls.certificates) {
    const auto expires = std::chrono::duration_cast<std::chrono::seconds>(certificate.expires.time_since_epoch());
    text.sample({{"certificate", certificate.file}}, static_cast<std::uint64_t>(expires.count()));
  }
}

}  // namespace

std::string metrics_text(const StatusReport& report) {
  PrometheusText text;
  add_program(text, report);
  add_connections(text, report.connections);
  add_recipients(text, report.recipients);
  add_messages(text, report.messages);
  add_replies(text, report.replies);
  add_times(text, report.times);
  add_backends(text, report.backends);
  add_store(text, report.store);
  add_tls(text, report.tls);
  return std::move(text).text();
}

}  // namespace proxy
