"""How every form field is drawn: one template, with its help and errors tied to the input."""

from django.forms.renderers import TemplatesSetting


class LaneFormRenderer(TemplatesSetting):
    """Fields come from ``templates/django/forms/field.html``."""
