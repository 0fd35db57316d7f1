#include "proxy/config/build_tls.h"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "proxy/config/file_text.h"

namespace proxy {
namespace {

std::string key_of(std::size_t index, bool about_key) {
  return "tls.certificates[" + std::to_string(index) + (about_key ? "].key" : "].certificate");
}

std::expected<tls::Certificate, ConfigProblem> load(const Settings::Certificate& files, std::size_t index) {
  const auto certificate = file_text(files.certificate);
  if (!certificate) return std::unexpected(ConfigProblem{key_of(index, false), certificate.error()});
  const auto key = file_text(files.key);
  if (!key) return std::unexpected(ConfigProblem{key_of(index, true), key.error()});
  auto parsed = tls::Certificate::parse(*certificate, *key);
  if (parsed) return std::move(*parsed);
  const auto& [about_key, what] = parsed.error();
  return std::unexpected(
      ConfigProblem{key_of(index, about_key), (about_key ? files.key : files.certificate) + ": " + what});
}

tls::Version oldest(const Settings& settings) {
  return settings.tls.min_version == "1.3" ? tls::Version::tls13 : tls::Version::tls12;
}

std::expected<void, std::string> write_whole(const std::string& path, const std::string& text, mode_t mode) {
  const auto fresh = path + ".new";
  ::unlink(fresh.c_str());
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  const bool written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  if (!written) return std::unexpected(path + ": " + std::strerror(error));
  if (::rename(fresh.c_str(), path.c_str()) != 0) return std::unexpected(path + ": " + std::strerror(errno));
  return {};
}

}  // namespace

MadeServerTls build_server_tls(const Settings& settings, std::shared_ptr<tls::TicketKeys> tickets) {
  ConfigProblems problems;
  std::vector<tls::Certificate> certificates;
  ServerTls result;
  for (std::size_t i = 0; i < settings.tls.certificates.size(); ++i) {
    const auto& files = settings.tls.certificates[i];
    auto certificate = load(files, i);
    if (!certificate) {
      problems.push_back(std::move(certificate.error()));
      continue;
    }
    result.certificates.push_back({files.certificate, certificate->names(), certificate->expires()});
    certificates.push_back(std::move(*certificate));
  }
  if (!problems.empty()) return std::unexpected(std::move(problems));
  auto context = tls::ServerContext::make(certificates, oldest(settings), std::move(tickets));
  if (!context) {
    const auto index = context.error().certificate;
    const auto& file = settings.tls.certificates[index].certificate;
    return std::unexpected(ConfigProblems{{key_of(index, false), file + ": " + context.error().what}});
  }
  result.context = std::move(*context);
  return result;
}

std::expected<OwnTls, std::string> build_own_tls(const Settings& settings, const std::string& store_path,
                                                 std::shared_ptr<tls::TicketKeys> tickets) {
  std::filesystem::path store(store_path);
  if (store.filename().empty()) store = store.parent_path();  // "…/greylist/"
  const auto directory = store.parent_path();
  const Settings::Certificate files{directory / "self-signed.crt", directory / "self-signed.key"};
  OwnTls result;
  auto certificate = load(files, 0);
  if (!certificate) {
    std::error_code error;
    const bool kept = std::filesystem::exists(files.certificate, error) && std::filesystem::exists(files.key, error);
    if (error || (kept && (!file_text(files.certificate) || !file_text(files.key))))
      return std::unexpected(certificate.error().what);
    result.made = true;
    const auto pem = tls::make_self_signed(settings.hostname);
    if (!pem) return std::unexpected(pem.error());
    auto written = write_whole(files.key, pem->key, 0600);
    if (written) written = write_whole(files.certificate, pem->certificate, 0644);
    if (!written) result.not_kept = written.error();
    auto parsed = tls::Certificate::parse(pem->certificate, pem->key);
    if (!parsed) return std::unexpected(parsed.error().what);
    certificate = std::move(*parsed);
  }
  result.tls.certificates.push_back(
      {result.not_kept.empty() ? files.certificate : std::string(), certificate->names(), certificate->expires()});
  std::vector<tls::Certificate> one;
  one.push_back(std::move(*certificate));
  auto context = tls::ServerContext::make(one, oldest(settings), std::move(tickets));
  if (!context) return std::unexpected(context.error().what);
  result.tls.context = std::move(*context);
  return result;
}

std::expected<std::shared_ptr<const tls::ClientContext>, ConfigProblems> build_backend_tls(const Settings& settings) {
  const auto& backend = settings.backend;
  if (backend.tls == "none" && backend.ca_file.empty()) return nullptr;
  if (!backend.ca_file.empty())
    if (auto read = file_text(backend.ca_file); !read)
      return std::unexpected(ConfigProblems{{"backend.ca_file", std::move(read.error())}});
  auto made =
      tls::ClientContext::make(backend.tls == "verified" ? tls::Trust::verified : tls::Trust::anybody, backend.ca_file);
  if (made) return backend.tls == "none" ? nullptr : std::move(*made);
  return std::unexpected(ConfigProblems{{"backend.ca_file", backend.ca_file + ": " + made.error()}});
}

}  // namespace proxy
