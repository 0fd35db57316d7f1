#include "certificate.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <algorithm>
#include <ctime>

#include "certificate_parts.h"

namespace tls {
namespace {

using OwnedBio = Owned<BIO, BIO_free>;

OwnedBio reading(std::string_view pem) { return OwnedBio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

// A key behind a passphrase must not make OpenSSL ask for it on a terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

std::string lower_case(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return lower;
}

std::string text_of(const ASN1_STRING* string) {
  return lower_case({reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                     static_cast<std::size_t>(ASN1_STRING_length(string))});
}

// Its DNS names; for want of any, the common name (RFC 6125 §6.4.4).
std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  const Owned<GENERAL_NAMES, GENERAL_NAMES_free> alternatives(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; alternatives && i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    const auto* name = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (name->type == GEN_DNS) names.push_back(text_of(name->d.dNSName));
  }
  if (!names.empty()) return names;
  auto* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0) names.push_back(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
  return names;
}

std::chrono::system_clock::time_point end_of(const X509* certificate) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

}  // namespace

void Certificate::DropParts::operator()(Parts* parts) const { delete parts; }

Certificate::Parsed Certificate::parse(std::string_view certificate, std::string_view key) {
  const auto failed = [](bool about_key, std::string what) {
    return std::unexpected(Problem{about_key, std::move(what)});
  };
  Certificate result;
  result.parts_.reset(new Parts);
  auto& parts = *result.parts_;
  const auto text = reading(certificate);
  parts.leaf.reset(PEM_read_bio_X509_AUX(text.get(), nullptr, no_passphrase, nullptr));
  if (!parts.leaf) return failed(false, "no certificate in PEM form: " + last_failure());
  parts.chain.reset(sk_X509_new_null());
  while (X509* next = PEM_read_bio_X509(text.get(), nullptr, no_passphrase, nullptr))
    sk_X509_push(parts.chain.get(), next);
  const auto end = ERR_GET_REASON(ERR_peek_last_error());
  const auto why = last_failure();
  if (end != PEM_R_NO_START_LINE) return failed(false, "a certificate after the first can't be read: " + why);
  parts.key.reset(PEM_read_bio_PrivateKey(reading(key).get(), nullptr, no_passphrase, nullptr));
  if (!parts.key) return failed(true, "no private key in PEM form without a passphrase: " + last_failure());
  if (X509_check_private_key(parts.leaf.get(), parts.key.get()) != 1) {
    last_failure();
    return failed(true, "isn't the key of this certificate");
  }
  result.names_ = names_of(parts.leaf.get());
  result.expires_ = end_of(parts.leaf.get());
  return result;
}

bool Certificate::is_for(std::string_view name) const {
  const auto dot = name.find('.');
  return std::ranges::any_of(names_, [&](std::string_view own) {
    return own == name || (own.starts_with("*.") && dot != name.npos && dot > 0 && own.substr(1) == name.substr(dot));
  });
}

bool Certificate::same_algorithm(const Certificate& other) const {
  return EVP_PKEY_get_base_id(parts_->key.get()) == EVP_PKEY_get_base_id(other.parts_->key.get());
}

}  // namespace tls
