"""Views of a list that people keep: whose they are, who sees them, which one opens."""

from __future__ import annotations

import pytest

from lane.accounts.models import SavedView
from lane.accounts.selectors import saved_views_for
from lane.accounts.services import saved_views
from lane.core.errors import InvalidInput, NotAllowed, NotVisible
from tests.campaigns.world import make_world, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def editor(world):
    return person(world.organization, "editor")[1]


@pytest.fixture
def viewer(world):
    return person(world.organization, "viewer")[1]


def test_a_view_keeps_what_was_asked_for_and_forgets_the_place(editor):
    view = saved_views.save(
        page="pacing", name=" Behind ", query="?status=behind&cursor=abc&q=", actor=editor
    )
    assert (view.name, view.query) == ("Behind", "status=behind")


def test_the_same_name_again_replaces_the_view(editor):
    first = saved_views.save(page="pacing", name="Mine", query="status=behind", actor=editor)
    again = saved_views.save(page="pacing", name="Mine", query="status=ahead", actor=editor)
    assert again.pk == first.pk and again.query == "status=ahead"


def test_the_team_sees_shared_views_only(editor, viewer):
    saved_views.save(page="pacing", name="Mine", query="", actor=editor)
    shared = saved_views.save(page="pacing", name="Ours", query="", actor=editor, is_shared=True)
    assert list(saved_views_for(viewer)) == [shared]


def test_a_guest_of_one_client_sees_no_shared_views_of_the_agency(world, editor):
    saved_views.save(page="pacing", name="Ours", query="", actor=editor, is_shared=True)
    guest = person(world.organization, "viewer", client=world.client)[1]
    assert not saved_views_for(guest).exists()


def test_another_organization_sees_nothing(editor):
    view = saved_views.save(page="pacing", name="Ours", query="", actor=editor, is_shared=True)
    stranger = person(make_world().organization, "owner")[1]
    assert not saved_views_for(stranger).exists()
    with pytest.raises(NotVisible):
        saved_views.delete(view.public_id, actor=stranger)


def test_a_viewer_may_not_share(viewer):
    with pytest.raises(NotAllowed):
        saved_views.save(page="pacing", name="Ours", query="", actor=viewer, is_shared=True)
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [({"name": " "}, "name"), ({"page": "nothing"}, "page"), ({"query": "q=" + "x" * 2000}, "query")],
)
def test_what_cannot_be_kept_is_refused_by_name(editor, given, field):
    with pytest.raises(InvalidInput) as refused:
        saved_views.save(**{"page": "pacing", "name": "A", "query": "", "actor": editor} | given)
    assert field in refused.value.fields


def test_one_view_opens_by_default(editor):
    first = saved_views.save(page="pacing", name="A", query="", actor=editor, is_default=True)
    second = saved_views.save(page="pacing", name="B", query="", actor=editor)
    saved_views.open_by_default(second.public_id, actor=editor)
    first.refresh_from_db()
    assert not first.is_default


def test_a_shared_view_is_not_somebody_elses_default(editor, viewer):
    shared = saved_views.save(page="pacing", name="Ours", query="", actor=editor, is_shared=True)
    with pytest.raises(NotAllowed):
        saved_views.open_by_default(shared.public_id, actor=viewer)


def test_only_its_owner_or_an_admin_deletes_a_view(world, editor, viewer):
    shared = saved_views.save(page="pacing", name="Ours", query="", actor=editor, is_shared=True)
    with pytest.raises(NotAllowed):
        saved_views.delete(shared.public_id, actor=viewer)
    saved_views.delete(shared.public_id, actor=person(world.organization, "admin")[1])
    assert not SavedView.objects.exists()
