"""Cursor paging: opaque, stable, newest first unless a view says otherwise."""

from rest_framework.pagination import CursorPagination


class LaneCursorPagination(CursorPagination):
    """``?limit=`` up to 500 and the opaque ``?cursor=`` of the previous answer."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 500
    ordering = "-id"
