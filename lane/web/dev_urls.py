"""Addresses that exist only with DEBUG."""

from __future__ import annotations

from django.urls import path

from lane.web.views import dev_mail, gallery

urlpatterns = [
    path("design/", gallery.gallery, name="design-gallery"),
    path("dev/mail/", dev_mail.mail_list, name="dev-mail-list"),
    path("dev/mail/<int:mail_id>/", dev_mail.mail_detail, name="dev-mail-detail"),
    path("dev/mail/<int:mail_id>/html/", dev_mail.mail_html, name="dev-mail-html"),
]
